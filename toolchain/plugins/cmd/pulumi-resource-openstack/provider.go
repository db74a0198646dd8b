package main

import (
	_ "embed"
	"encoding/json"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	sdkv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-provider-openstack/terraform-provider-openstack/v3/openstack"
)

// tokensJSON maps the provider's names to Pulumi's tokens. A test holds it against the Python package.
//
//go:embed tokens.json
var tokensJSON []byte

type tokenTable struct {
	Resources map[string]tokens.Type         `json:"resources"`
	Functions map[string]tokens.ModuleMember `json:"functions"`
}

// provider describes the OpenStack provider to the bridge.
func provider() tfbridge.ProviderInfo {
	var table tokenTable
	if err := json.Unmarshal(tokensJSON, &table); err != nil {
		panic("tokens.json: " + err.Error())
	}
	terraform := sdkv2.NewProvider(openstack.Provider())
	info := tfbridge.ProviderInfo{
		P:                       terraform,
		Name:                    "openstack",
		Version:                 version,
		Config:                  config(),
		Resources:               map[string]*tfbridge.ResourceInfo{},
		DataSources:             map[string]*tfbridge.DataSourceInfo{},
		TFProviderModuleVersion: "v3",
		// The bridge wants the document that records renames between releases. There is one release here.
		MetadataInfo: tfbridge.NewProviderMetadata([]byte("{}")),
	}
	for name, token := range table.Resources {
		info.Resources[name] = &tfbridge.ResourceInfo{Tok: token, Fields: fields[name]}
	}
	for name, token := range table.Functions {
		info.DataSources[name] = &tfbridge.DataSourceInfo{Tok: token}
	}
	info.IgnoreMappings = append(
		unmapped(terraform.ResourcesMap(), info.Resources), unmapped(terraform.DataSourcesMap(), info.DataSources)...,
	)
	// A resource without a name gets its logical name and a random suffix, as with the released plugin.
	info.SetAutonaming(255, "-")
	return info
}

// unmapped lists what the provider has and the table has not; the bridge refuses to leave anything out silently.
func unmapped[Info any](all shim.ResourceMap, mapped map[string]Info) []string {
	var names []string
	all.Range(func(name string, _ shim.Resource) bool {
		if _, ok := mapped[name]; !ok {
			names = append(names, name)
		}
		return true
	})
	return names
}
