// The Secrets that controllers of bootstrap tokens can see: the server sends them no others.
import { tokenSecretNamespace, tokenSecretType } from '../../api/credentials/bootstrap-token.ts'
import type { ObjectSelection } from '../../client/cache/informer-pool.ts'

export const tokenSecrets: ObjectSelection = { namespace: tokenSecretNamespace, fieldSelector: `type=${tokenSecretType}` }
