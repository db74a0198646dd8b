"""Base images: plain Debian cloud images, which play the distribution's GenericCloud images."""
