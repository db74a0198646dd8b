package local

import (
	"context"

	"github.com/pulumi/pulumi-go-provider/infer"
)

// Run is the function command:local:run.
type Run struct{}

// RunArgs are its inputs.
type RunArgs struct {
	Execution
	Command string `pulumi:"command"`
}

// RunResult repeats the inputs and adds the result.
type RunResult struct {
	RunArgs
	Result
}

// Annotate describes the function.
func (r *Run) Annotate(a infer.Annotator) {
	a.Describe(&r, "A local command that runs in every preview and every update: for reading only.")
}

// Annotate describes the inputs.
func (r *RunArgs) Annotate(a infer.Annotator) {
	r.Execution.Annotate(a)
	a.Describe(&r.Command, "The command to run.")
}

// Invoke runs the command.
func (Run) Invoke(
	ctx context.Context, request infer.FunctionRequest[RunArgs],
) (infer.FunctionResponse[RunResult], error) {
	output := RunResult{RunArgs: request.Input}
	err := output.Execution.execute(ctx, request.Input.Command, &output.Result)
	return infer.FunctionResponse[RunResult]{Output: output}, err
}
