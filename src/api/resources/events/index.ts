// The kinds of this group, in the order of discovery.
import type { ResourceDefinition } from '../resource.ts'
import { event } from './event.ts'

export const eventsResources: readonly ResourceDefinition[] = [event]
