// The kinds of this group, in the order of discovery.
import type { ResourceDefinition } from '../resource.ts'
import { customResourceDefinition } from './custom-resource-definition.ts'

export const apiextensionsResources: readonly ResourceDefinition[] = [customResourceDefinition]
