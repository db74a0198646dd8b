"""A stand-in for Rocky Linux 9: Debian's programs in signed RPM packages that are named and laid out as on EL 9."""
