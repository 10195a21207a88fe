// The columns of both kinds of policies.
import type { KubeObject } from '../../object.ts'
import type { ImagePolicySpec } from '../../types/supply-v1.ts'
import type { Column } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { requirementsOf } from './image-policy-spec.ts'

export const imagePolicyColumns: readonly Column<KubeObject & { spec: ImagePolicySpec }>[] = [
  nameColumn,
  { name: 'Images', type: 'string', cell: ({ spec }) => spec.images.join(',') },
  { name: 'Requires', type: 'string', cell: ({ spec }) => requirementsOf(spec) },
  { name: 'On Failure', type: 'string', cell: ({ spec }) => spec.onFailure ?? 'Refuse' },
  ageColumn,
]
