// The kinds of this group, in the order of discovery.
import type { ResourceDefinition } from '../resource.ts'
import { clusterRole } from './cluster-role.ts'
import { clusterRoleBinding } from './cluster-role-binding.ts'
import { role } from './role.ts'
import { roleBinding } from './role-binding.ts'

export const rbacResources: readonly ResourceDefinition[] = [clusterRoleBinding, clusterRole, roleBinding, role]
