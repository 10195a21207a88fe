// The kinds of this group, in the order of discovery.
import type { ResourceDefinition } from '../resource.ts'
import { flowSchema } from './flow-schema.ts'
import { priorityLevelConfiguration } from './priority-level-configuration.ts'

export const flowcontrolResources: readonly ResourceDefinition[] = [flowSchema, priorityLevelConfiguration]
