// rbac.authorization.k8s.io/v1 Role.

import { reportedTwice } from '../../field-error.ts'
import type { Role } from '../../types/rbac-v1.ts'
import { nameIsPathSegment } from '../../validation/names.ts'
import { defineResource } from '../resource.ts'
import { validatePolicyRules } from './policy-rule.ts'

const validate = ({ rules }: Role) => validatePolicyRules(rules, true)

export const role = defineResource<Role>({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  namespaced: true,
  validatesMetadata: ['whole', 'whole', 'change'],
  allowCreateOnUpdate: true,
  nameRule: nameIsPathSegment,
  validate,
  // Upstream validates the new object twice, and reports each error twice.
  validateUpdate: object => reportedTwice(validate(object)),
})
