// The kinds of this group, in the order of discovery.
import type { ResourceDefinition } from '../resource.ts'
import { horizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts'
import { horizontalPodAutoscalerV1 } from './horizontal-pod-autoscaler-v1.ts'

export const autoscalingResources: readonly ResourceDefinition[] = [horizontalPodAutoscaler, horizontalPodAutoscalerV1]
