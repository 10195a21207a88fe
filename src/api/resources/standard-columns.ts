// The columns that nearly every kind prints.
import type { KubeObject } from '../object.ts'
import { ageCell } from './printing.ts'
import type { Column } from './resource.ts'

export const nameColumn: Column<KubeObject> = {
  name: 'Name',
  type: 'string',
  format: 'name',
  cell: object => object.metadata.name ?? '',
}

export const ageColumn: Column<KubeObject> = { name: 'Age', type: 'string', cell: ageCell }
