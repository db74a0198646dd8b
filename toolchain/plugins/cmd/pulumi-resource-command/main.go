// Command pulumi-resource-command serves command:local:Command and command:local:run for machines that cannot download
// the released plugin. Its rules are those of the released version 1.2.1: the same inputs give the same plan.
package main

import (
	"context"
	"fmt"
	"os"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"

	"slurm-appliance/toolchain/plugins/cmd/pulumi-resource-command/local"
)

// version is the released plugin that the rules follow, and the one that the Python package asks for.
const version = "1.2.1"

func main() {
	provider, err := infer.NewProviderBuilder().
		WithDisplayName("Command").
		WithDescription("Run local commands as part of the resource model.").
		WithResources(infer.Resource(local.Command{})).
		WithFunctions(infer.Function(local.Run{})).
		Build()
	if err == nil {
		err = p.RunProvider(context.Background(), "command", version, provider)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-command:", err)
		os.Exit(1)
	}
}
