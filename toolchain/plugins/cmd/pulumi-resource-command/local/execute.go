package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
)

const (
	// A cancelled command has this long to clean up after SIGTERM before SIGKILL ends it.
	cancelGrace = 30 * time.Second
	// Output is read for this long after the command itself has ended: a process that it left in the background may
	// hold its output open for ever.
	drainGrace = 3 * time.Second
)

// execute runs a command to its end and fills in the result. The result it finds there is the previous run's.
func (e *Execution) execute(ctx context.Context, command string, result *Result) error {
	if e.Dir != nil {
		// The system's own error would name the program.
		if _, err := os.Stat(*e.Dir); err != nil {
			return fmt.Errorf("dir: %w: running %q", err, command)
		}
	}
	log := p.GetLogger(ctx)
	all := &transcript{}
	stdout, err := newCapture(all, logLines(log.InfoStatus, e.Logging.logs(LogStdout)))
	if err != nil {
		return err
	}
	stderr, err := newCapture(all, logLines(log.InfoStatus, e.Logging.logs(LogStderr)))
	if err != nil {
		stdout.abandon()
		return err
	}

	process := e.process(ctx, command, *result)
	process.Stdout, process.Stderr = stdout.writer, stderr.writer
	err = runInOwnGroup(ctx, process)
	deadline := time.Now().Add(drainGrace)
	out, errOut := stdout.finish(deadline), stderr.finish(deadline)
	if err != nil {
		return fmt.Errorf("%w: running %q:\n%s", err, command, all)
	}

	if err := e.collect(result); err != nil {
		return err
	}
	result.Stdout, result.Stderr = out, errOut
	return nil
}

// process describes the process to start: program, arguments, directory, environment, standard input.
func (e *Execution) process(ctx context.Context, command string, previous Result) *exec.Cmd {
	argv := []string{"/bin/sh", "-c"}
	if e.Interpreter != nil && len(*e.Interpreter) > 0 {
		argv = *e.Interpreter
	}
	process := exec.CommandContext(ctx, argv[0], append(append([]string{}, argv[1:]...), command)...)
	if e.Dir != nil {
		process.Dir = *e.Dir
	}
	process.Env = os.Environ()
	if e.Environment != nil {
		for name, value := range *e.Environment {
			process.Env = append(process.Env, name+"="+value)
		}
	}
	if e.AddPreviousOutputInEnv == nil || *e.AddPreviousOutputInEnv {
		if previous.Stdout != "" {
			process.Env = append(process.Env, "PULUMI_COMMAND_STDOUT="+previous.Stdout)
		}
		if previous.Stderr != "" {
			process.Env = append(process.Env, "PULUMI_COMMAND_STDERR="+previous.Stderr)
		}
	}
	if e.Stdin != nil && *e.Stdin != "" {
		process.Stdin = strings.NewReader(*e.Stdin)
	}
	return process
}

// runInOwnGroup runs a process as the leader of a process group, so that cancelling reaches everything it started:
// SIGTERM to the whole group, SIGKILL to what is left of it when the leader has ended or its time is up.
func runInOwnGroup(ctx context.Context, process *exec.Cmd) error {
	// The signal that a process gets at its parent's death comes when the parent's thread ends, so this one must stay.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	process.SysProcAttr = groupLeader()
	process.Cancel = func() error {
		err := syscall.Kill(-process.Process.Pid, syscall.SIGTERM)
		if err == syscall.ESRCH {
			return os.ErrProcessDone
		}
		return err
	}
	process.WaitDelay = cancelGrace

	if err := process.Start(); err != nil {
		return err
	}
	err := process.Wait()
	if errors.Is(err, exec.ErrWaitDelay) {
		// The command ended well; only its standard input was not read to the end by a child that it left behind.
		err = nil
	}
	if ctx.Err() != nil {
		if killed := syscall.Kill(-process.Process.Pid, syscall.SIGKILL); killed != nil && killed != syscall.ESRCH {
			err = errors.Join(err, fmt.Errorf("ending its process group: %w", killed))
		}
		if err == nil {
			err = ctx.Err()
		}
	}
	return err
}
