// What a LimitRange fills in, by what a container states itself.
import type { LimitRangeItem, ResourceList, ResourceRequirements } from '../../../api/types/core-v1.ts'

export const defaultedItem: LimitRangeItem = {
  type: 'Container',
  defaultRequest: { cpu: '20m', memory: '40Mi', 'ephemeral-storage': '10Mi' },
  default: { cpu: '200m', memory: '64Mi', 'ephemeral-storage': '20Mi' },
}

export interface Defaulted {
  readonly name: string
  readonly stated: ResourceRequirements
  readonly requests: ResourceList
  readonly limits: ResourceList
}

export const defaulted: readonly Defaulted[] = [
  {
    ...{ name: 'silent', stated: {} },
    requests: { cpu: '20m', memory: '40Mi', 'ephemeral-storage': '10Mi' },
    limits: { cpu: '200m', memory: '64Mi', 'ephemeral-storage': '20Mi' },
  },
  {
    ...{ name: 'requests-cpu', stated: { requests: { cpu: '30m' } } },
    requests: { cpu: '30m', memory: '40Mi', 'ephemeral-storage': '10Mi' },
    limits: { cpu: '200m', memory: '64Mi', 'ephemeral-storage': '20Mi' },
  },
  {
    // What a pod limits and does not request, it requests: that is older than LimitRanges.
    ...{ name: 'limits-memory', stated: { limits: { memory: '50Mi' } } },
    requests: { cpu: '20m', memory: '50Mi', 'ephemeral-storage': '10Mi' },
    limits: { cpu: '200m', memory: '50Mi', 'ephemeral-storage': '20Mi' },
  },
  {
    ...{
      name: 'all',
      stated: {
        requests: { cpu: '1m', memory: '1Mi', 'ephemeral-storage': '1Mi' },
        limits: { cpu: '2m', memory: '2Mi', 'ephemeral-storage': '2Mi' },
      },
    },
    requests: { cpu: '1m', memory: '1Mi', 'ephemeral-storage': '1Mi' },
    limits: { cpu: '2m', memory: '2Mi', 'ephemeral-storage': '2Mi' },
  },
]
