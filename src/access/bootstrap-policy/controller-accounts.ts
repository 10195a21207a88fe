// As which ServiceAccounts controllers work: those that the policy gives a controller's role, and no other of kube-system.
import { controllerRoles } from './controller-roles.ts'
import { ownControllerAccounts } from './own-roles.ts'

const prefix = 'system:controller:'

/** Names in kube-system. */
export const controllerAccounts: readonly string[] = [
  ...controllerRoles.map(({ metadata: { name = '' } }) => name.slice(prefix.length)),
  // Their roles are of one namespace each.
  'bootstrap-signer',
  'token-cleaner',
  ...ownControllerAccounts,
]
