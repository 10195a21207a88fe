// The kinds of this group, in the order of discovery.
import type { ResourceDefinition } from '../resource.ts'
import { runtimeClass } from './runtime-class.ts'

export const nodeResources: readonly ResourceDefinition[] = [runtimeClass]
