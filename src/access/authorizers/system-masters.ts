// The break-glass group: members of system:masters may do everything.
import { type Authorizer, systemMasters } from '../access.ts'

export const systemMastersAuthorizer: Authorizer = {
  name: 'SystemMasters',
  authorize: ({ user }) =>
    user.groups.includes(systemMasters) ? { decision: 'allow', reason: '' } : { decision: 'no-opinion', reason: '' },
}
