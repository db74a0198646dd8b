// Package local runs commands on this machine. Its name is part of the tokens: command:local:Command, command:local:run.
package local

import (
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Execution says how a command is run; the resource and the function share it.
type Execution struct {
	Interpreter            *[]string          `pulumi:"interpreter,optional"`
	Dir                    *string            `pulumi:"dir,optional"`
	Environment            *map[string]string `pulumi:"environment,optional"`
	Stdin                  *string            `pulumi:"stdin,optional"`
	Logging                *Logging           `pulumi:"logging,optional"`
	AssetPaths             *[]string          `pulumi:"assetPaths,optional"`
	ArchivePaths           *[]string          `pulumi:"archivePaths,optional"`
	AddPreviousOutputInEnv *bool              `pulumi:"addPreviousOutputInEnv,optional"`
}

// Annotate gives the schema its default; it is recorded in the inputs, as the released plugin records it.
func (e *Execution) Annotate(a infer.Annotator) {
	a.Describe(&e.Interpreter, "Program and arguments that the command is handed to; by default /bin/sh -c.")
	a.Describe(&e.Dir, "Working directory; by default the project's.")
	a.Describe(&e.Environment, "Variables added to the environment of the Pulumi process.")
	a.Describe(&e.Stdin, "Text for the command's standard input.")
	a.Describe(&e.Logging, "Which output is logged while the command runs; by default both streams.")
	a.Describe(&e.AssetPaths, "Globs of files to return one by one when the command has ended.")
	a.Describe(&e.ArchivePaths, "Globs of files to return as one archive when the command has ended.")
	a.Describe(&e.AddPreviousOutputInEnv,
		"Hand the previous run's output to the command as PULUMI_COMMAND_STDOUT and PULUMI_COMMAND_STDERR.")
	a.SetDefault(&e.AddPreviousOutputInEnv, true)
}

// Result is what a command leaves behind.
type Result struct {
	Stdout  string                           `pulumi:"stdout"`
	Stderr  string                           `pulumi:"stderr"`
	Assets  *map[string]types.AssetOrArchive `pulumi:"assets,optional"`
	Archive *resource.Archive                `pulumi:"archive,optional"`
}

// Logging selects the streams that are logged line by line while a command runs. It does not touch the outputs.
type Logging string

// The values of Logging.
const (
	LogStdout          Logging = "stdout"
	LogStderr          Logging = "stderr"
	LogStdoutAndStderr Logging = "stdoutAndStderr"
	LogNone            Logging = "none"
)

// Values lists what the logging property accepts.
func (Logging) Values() []infer.EnumValue[Logging] {
	return []infer.EnumValue[Logging]{
		{Name: "stdout", Value: LogStdout, Description: "Log standard output only."},
		{Name: "stderr", Value: LogStderr, Description: "Log standard error only."},
		{Name: "stdoutAndStderr", Value: LogStdoutAndStderr, Description: "Log both streams."},
		{Name: "none", Value: LogNone, Description: "Log nothing."},
	}
}

// logs tells whether a stream (LogStdout or LogStderr) is to be logged; an unset property means both.
func (l *Logging) logs(stream Logging) bool {
	return l == nil || *l == LogStdoutAndStderr || *l == stream
}
