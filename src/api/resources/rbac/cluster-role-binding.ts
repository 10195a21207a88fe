// rbac.authorization.k8s.io/v1 ClusterRoleBinding.

import { reportedTwice } from '../../field-error.ts'
import type { ClusterRoleBinding } from '../../types/rbac-v1.ts'
import { nameIsPathSegment } from '../../validation/names.ts'
import { defineResource } from '../resource.ts'
import { bindingColumns, rbacGroup, setBindingDefaults, validateBinding, validateRoleRefUnchanged } from './binding.ts'

const validate = (binding: ClusterRoleBinding) => validateBinding(binding, ['ClusterRole'], false)

export const clusterRoleBinding = defineResource<ClusterRoleBinding>({
  group: rbacGroup,
  version: 'v1',
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  namespaced: false,
  validatesMetadata: ['whole', 'whole', 'change'],
  allowCreateOnUpdate: true,
  columns: bindingColumns,
  nameRule: nameIsPathSegment,
  setDefaults: setBindingDefaults,
  validate,
  // Upstream validates the new object twice, and reports each error twice.
  validateUpdate: (binding, old) => [...reportedTwice(validate(binding)), validateRoleRefUnchanged(binding, old)],
})
