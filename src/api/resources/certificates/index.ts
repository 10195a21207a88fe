// The kinds of this group, in the order of discovery.
import type { ResourceDefinition } from '../../resource.ts'

export const certificatesResources: readonly ResourceDefinition[] = []
