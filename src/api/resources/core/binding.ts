// Binding, v1: binds a pod to a node. It is not stored.
import { notSupported, required } from '../../field-error.ts'
import type { Binding } from '../../types/core-v1.ts'
import { defineResource } from '../resource.ts'

export const binding = defineResource<Binding>({
  group: '',
  version: 'v1',
  kind: 'Binding',
  plural: 'bindings',
  namespaced: true,
  verbs: ['create'],
  virtual: true,
  validate({ target }) {
    return [
      ...(target?.kind && target.kind !== 'Node' ? [notSupported('target.kind', target.kind, ['Node', '<empty>'])] : []),
      ...(target?.name ? [] : [required('target.name')]),
    ]
  },
})
