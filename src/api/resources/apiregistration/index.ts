// The kinds of this group, in the order of discovery.
import type { ResourceDefinition } from '../resource.ts'
import { apiService } from './api-service.ts'

export const apiregistrationResources: readonly ResourceDefinition[] = [apiService]
