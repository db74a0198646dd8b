"""Security updates of an environment: images with the packages of today, compared with those of before."""
