// rbac.authorization.k8s.io/v1 RoleBinding.

import { reportedTwice } from '../../field-error.ts'
import type { RoleBinding } from '../../types/rbac-v1.ts'
import { nameIsPathSegment } from '../../validation/names.ts'
import { defineResource } from '../resource.ts'
import { bindingColumns, rbacGroup, setBindingDefaults, validateBinding, validateRoleRefUnchanged } from './binding.ts'

const validate = (binding: RoleBinding) => validateBinding(binding, ['Role', 'ClusterRole'], true)

export const roleBinding = defineResource<RoleBinding>({
  group: rbacGroup,
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  namespaced: true,
  validatesMetadata: ['whole', 'whole', 'change'],
  allowCreateOnUpdate: true,
  columns: bindingColumns,
  nameRule: nameIsPathSegment,
  setDefaults: setBindingDefaults,
  validate,
  // Upstream validates the new object twice, and reports each error twice.
  validateUpdate: (binding, old) => [...reportedTwice(validate(binding)), validateRoleRefUnchanged(binding, old)],
})
