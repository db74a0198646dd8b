// Command pulumi-resource-openstack serves the OpenStack resources of the Python package pulumi_openstack for machines
// that cannot download the released plugin. It runs the same provider code through the same bridge, so plans are alike.
//
// "pulumi-resource-openstack describe" prints what it serves as JSON, for comparison with the Python package.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
)

// version is the release of pulumi_openstack that the tokens belong to.
const version = "5.5.3"

func main() {
	info := provider()
	if len(os.Args) == 2 && os.Args[1] == "describe" {
		if err := json.NewEncoder(os.Stdout).Encode(describe(info)); err != nil {
			fmt.Fprintln(os.Stderr, "pulumi-resource-openstack:", err)
			os.Exit(1)
		}
		return
	}
	// Programs bring their own SDK; the schema would serve to generate one, so this one has only its name.
	tfbridge.Main("openstack", version, info, []byte(`{"name":"openstack","version":"`+version+`"}`))
}
