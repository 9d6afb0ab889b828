package main

import (
	"os/exec"
	"syscall"
)

// own puts a command into a process group of its own, and ends it where this
// process ends first: a peer that hangs would keep the GPU.
func own(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// kill ends a command and all that it started.
func kill(c *exec.Cmd) { syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
