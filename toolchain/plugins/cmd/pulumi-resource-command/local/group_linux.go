package local

import "syscall"

// groupLeader starts a process in a group of its own, and has the kernel end it when this plugin is killed.
func groupLeader() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
