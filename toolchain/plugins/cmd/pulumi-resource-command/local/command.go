package local

import (
	"context"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Command is the resource command:local:Command.
type Command struct{}

// CommandArgs are its inputs.
type CommandArgs struct {
	Execution
	Triggers *[]any  `pulumi:"triggers,optional" provider:"replaceOnChanges"`
	Create   *string `pulumi:"create,optional"`
	Update   *string `pulumi:"update,optional"`
	Delete   *string `pulumi:"delete,optional"`
}

// CommandState is what is recorded: the inputs and the result of the last run.
type CommandState struct {
	CommandArgs
	Result
}

// Annotate describes the resource.
func (c *Command) Annotate(a infer.Annotator) {
	a.Describe(&c, "A local command that runs when it is created, changed or deleted; an exit status other than 0 fails it.")
}

// Annotate describes the inputs.
func (c *CommandArgs) Annotate(a infer.Annotator) {
	c.Execution.Annotate(a)
	a.Describe(&c.Triggers, "A change of any of these values replaces the resource.")
	a.Describe(&c.Create, "Runs on creation, and on a change of inputs where there is no update.")
	a.Describe(&c.Update, "Runs on a change of inputs.")
	a.Describe(&c.Delete, "Runs on deletion, and on replacement after the new create.")
}

// Create runs create. An error means that nothing is recorded: delete will not run for it, the next run creates again.
func (Command) Create(
	ctx context.Context, request infer.CreateRequest[CommandArgs],
) (infer.CreateResponse[CommandState], error) {
	state := CommandState{CommandArgs: request.Inputs}
	id, err := resource.NewUniqueHex(request.Name, 8, 0)
	if err == nil && !request.DryRun {
		err = state.run(ctx, state.Create)
	}
	return infer.CreateResponse[CommandState]{ID: id, Output: state}, err
}

// Update runs update, or create where there is none, with the previous result at hand.
func (Command) Update(
	ctx context.Context, request infer.UpdateRequest[CommandArgs, CommandState],
) (infer.UpdateResponse[CommandState], error) {
	state := CommandState{CommandArgs: request.Inputs, Result: request.State.Result}
	var err error
	if !request.DryRun {
		command := state.Update
		if command == nil {
			command = state.Create
		}
		err = state.run(ctx, command)
	}
	return infer.UpdateResponse[CommandState]{Output: state}, err
}

// Delete runs the recorded delete with the recorded inputs.
func (Command) Delete(ctx context.Context, request infer.DeleteRequest[CommandState]) (infer.DeleteResponse, error) {
	state := request.State
	return infer.DeleteResponse{}, state.run(ctx, state.Delete)
}

// run executes a command where there is one, and replaces the previous result by the new one.
func (s *CommandState) run(ctx context.Context, command *string) error {
	if command == nil {
		return nil
	}
	return s.Execution.execute(ctx, *command, &s.Result)
}
