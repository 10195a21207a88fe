// Which Secrets the controllers of bootstrap tokens are shown: no others leave the server for them.
import { tokenSecretNamespace, tokenSecretType } from '../../api/bootstrap-token.ts'
import type { ObjectSelection } from '../../client/informer-pool.ts'

export const tokenSecrets: ObjectSelection = { namespace: tokenSecretNamespace, fieldSelector: `type=${tokenSecretType}` }
