// The kinds of the core group, v1, in the order of their plural names.
import type { ResourceDefinition } from '../../resource.ts'

export const coreResources: readonly ResourceDefinition[] = []
