// The kinds of this group, in the order of discovery.
import type { ResourceDefinition } from '../resource.ts'
import { endpointSlice } from './endpoint-slice.ts'

export const discoveryResources: readonly ResourceDefinition[] = [endpointSlice]
