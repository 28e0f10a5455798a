//go:build unix

package engine

import (
	"os/exec"
	"syscall"
)

// ownGroup puts a program and what it starts in a group, which is told to end
// with it.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
}
