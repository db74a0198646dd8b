//go:build !linux

package local

import "syscall"

// groupLeader starts a process in a group of its own. Other kernels have no signal for the death of a parent.
func groupLeader() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
