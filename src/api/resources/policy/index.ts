// The kinds of this group, in the order of discovery.
import type { ResourceDefinition } from '../resource.ts'
import { podDisruptionBudget } from './pod-disruption-budget.ts'

export const policyResources: readonly ResourceDefinition[] = [podDisruptionBudget]
