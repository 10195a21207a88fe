// ComponentStatus, v1: deprecated since v1.19, read-only and computed for each request.

import type { ComponentCondition, ComponentStatus } from '../../types/core-v1.ts'
import { defineResource } from '../resource.ts'

const healthy = ({ conditions }: ComponentStatus): ComponentCondition | undefined => conditions?.find(({ type }) => type === 'Healthy')

export const componentStatus = defineResource<ComponentStatus>({
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  namespaced: false,
  shortNames: ['cs'],
  verbs: ['get', 'list'],
  virtual: true,
  columns: [
    { name: 'Name', type: 'string', format: 'name', cell: ({ metadata }) => metadata.name ?? '' },
    {
      name: 'Status',
      type: 'string',
      cell(object) {
        const condition = healthy(object)
        if (condition === undefined) return 'Unknown'
        return condition.status === 'True' ? 'Healthy' : 'Unhealthy'
      },
    },
    { name: 'Message', type: 'string', cell: object => healthy(object)?.message ?? '' },
    { name: 'Error', type: 'string', cell: object => healthy(object)?.error ?? '' },
  ],
  serving: { deprecation: 'v1 ComponentStatus is deprecated in v1.19+' },
})
