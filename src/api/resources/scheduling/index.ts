// The kinds of this group, in the order of discovery.
import type { ResourceDefinition } from '../resource.ts'
import { priorityClass } from './priority-class.ts'

export const schedulingResources: readonly ResourceDefinition[] = [priorityClass]
