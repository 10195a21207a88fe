// The kinds of this group, in the order of discovery.
import type { ResourceDefinition } from '../resource.ts'
import { lease } from './lease.ts'

export const coordinationResources: readonly ResourceDefinition[] = [lease]
