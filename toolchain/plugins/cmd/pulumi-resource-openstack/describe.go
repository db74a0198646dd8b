package main

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
)

// description is what a program may ask of the plugin.
type description struct {
	Config    map[string]property            `json:"config"`
	Resources map[string]map[string]property `json:"resources"`
	Functions map[string]map[string]property `json:"functions"`
}

// property is one property of a resource, a function or a nested object.
type property struct {
	// Type is bool, int, float, string, list, map or object; a list with at most one element counts as the element.
	Type       string              `json:"type"`
	Element    *property           `json:"element,omitempty"`
	Properties map[string]property `json:"properties,omitempty"`
	Input      bool                `json:"input"`
	Required   bool                `json:"required"`
	Secret     bool                `json:"secret"`
	// Variables are the environment variables that a setting is taken from.
	Variables []string `json:"variables,omitempty"`
}

// describe names everything that is mapped, by token.
func describe(info tfbridge.ProviderInfo) description {
	result := description{
		Config:    properties(info.P.Schema(), info.Config),
		Resources: map[string]map[string]property{},
		Functions: map[string]map[string]property{},
	}
	for name, resource := range info.Resources {
		schema := info.P.ResourcesMap().Get(name).Schema()
		result.Resources[string(resource.Tok)] = properties(schema, resource.Fields)
	}
	for name, function := range info.DataSources {
		schema := info.P.DataSourcesMap().Get(name).Schema()
		result.Functions[string(function.Tok)] = properties(schema, function.Fields)
	}
	return result
}

func properties(schemas shim.SchemaMap, overrides map[string]*tfbridge.SchemaInfo) map[string]property {
	result := map[string]property{}
	schemas.Range(func(name string, schema shim.Schema) bool {
		override := overrides[name]
		described := describeProperty(schema, override)
		described.Input = schema.Required() || schema.Optional()
		described.Required = schema.Required() && !schema.HasDefault()
		described.Secret = schema.Sensitive()
		if override != nil && override.Default != nil {
			described.Required = false
			described.Variables = override.Default.EnvVars
		}
		result[tfbridge.TerraformToPulumiNameV2(name, schemas, overrides)] = described
		return true
	})
	return result
}

func describeProperty(schema shim.Schema, override *tfbridge.SchemaInfo) property {
	switch schema.Type() {
	case shim.TypeBool:
		return property{Type: "bool"}
	case shim.TypeInt:
		return property{Type: "int"}
	case shim.TypeFloat:
		return property{Type: "float"}
	case shim.TypeMap:
		element := elementOf(schema, override)
		return property{Type: "map", Element: &element}
	case shim.TypeList, shim.TypeSet:
		element := elementOf(schema, override)
		if tfbridge.IsMaxItemsOne(schema, override) {
			return element
		}
		return property{Type: "list", Element: &element}
	default:
		return property{Type: "string"}
	}
}

func elementOf(schema shim.Schema, override *tfbridge.SchemaInfo) property {
	var inner *tfbridge.SchemaInfo
	if override != nil {
		inner = override.Elem
	}
	switch element := schema.Elem().(type) {
	case shim.Schema:
		return describeProperty(element, inner)
	case shim.Resource:
		var nested map[string]*tfbridge.SchemaInfo
		if inner != nil {
			nested = inner.Fields
		}
		return property{Type: "object", Properties: properties(element.Schema(), nested)}
	default:
		return property{Type: "string"}
	}
}
