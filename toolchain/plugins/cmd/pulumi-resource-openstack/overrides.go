package main

import "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"

// fields holds the property names and kinds where the Python package departs from the bridge's own rules.
var fields = map[string]map[string]*tfbridge.SchemaInfo{
	// "outputs" would clash with the outputs of the resource itself.
	"openstack_orchestration_stack_v1": {"outputs": {Name: "StackOutputs"}},
}

// config gives the settings that are recorded with the provider the variables that they are taken from. The others have
// theirs in the provider itself.
func config() map[string]*tfbridge.SchemaInfo {
	return map[string]*tfbridge.SchemaInfo{
		"allow_reauth":  fromEnvironment("OS_ALLOW_REAUTH"),
		"cloud":         fromEnvironment("OS_CLOUD"),
		"delayed_auth":  fromEnvironment("OS_DELAYED_AUTH"),
		"endpoint_type": fromEnvironment("OS_ENDPOINT_TYPE"),
		"insecure":      fromEnvironment("OS_INSECURE"),
		"region":        fromEnvironment("OS_REGION_NAME"),
		"swauth":        fromEnvironment("OS_SWAUTH"),
	}
}

func fromEnvironment(variable string) *tfbridge.SchemaInfo {
	return &tfbridge.SchemaInfo{Default: &tfbridge.DefaultInfo{EnvVars: []string{variable}}}
}
