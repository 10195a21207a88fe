// Signs the ConfigMap cluster-info, if it exists, with each bootstrap token that may sign.
import { read, recordEvents, rule } from '../../api/policy-rule.ts'
import { makeKey } from '../../client/cache/object-key.ts'
import { configMaps, secrets } from '../../client/resources.ts'
import { type Controller, done, follow } from '../controller.ts'
import { planSignatures } from './cluster-info-signatures.ts'
import { tokenSecrets } from './token-secrets.ts'

const namespace = 'kube-public'
const name = 'cluster-info'
const clusterInfo = { namespace, fieldSelector: `metadata.name=${name}` }
const keys = () => [makeKey(namespace, name)]

export const bootstrapSigner: Controller = {
  name: 'bootstrap-signer-controller',
  needs: 'bootstrapTokens',
  identity: {
    account: 'bootstrap-signer',
    rules: [],
    roles: [
      {
        namespace: 'kube-public',
        rules: [rule(read, 'core', 'configmaps'), rule('update', 'core', 'configmaps', 'cluster-info'), recordEvents],
      },
      { namespace: 'kube-system', rules: [rule(read, 'core', 'secrets')] },
    ],
  },
  workers: 1,
  follows: [follow({ resource: secrets, selection: tokenSecrets, keys }), follow({ resource: configMaps, selection: clusterInfo, keys })],
  begin({ informers, client, clock }) {
    const tokens = informers.selected(secrets, tokenSecrets)
    const described = informers.selected(configMaps, clusterInfo)
    return async (_key, signal) => {
      const found = described.get(namespace, name)
      if (found === undefined) return done
      const { data, nextEnd } = planSignatures(found, tokens.list(), clock.now())
      if (data !== undefined) await client.update(configMaps, { ...found, data }, signal)
      return nextEnd === undefined ? done : { requeueAfterMs: nextEnd - clock.now() }
    }
  },
}
