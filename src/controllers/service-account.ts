// Creates the ServiceAccount `default` in every namespace.
import { recordEvents, rule } from '../api/policy-rule.ts'
import { defaultsAnnotation } from '../api/resources/bulkhead/cluster-defaults.ts'
import { isReason } from '../api/status.ts'
import { namespaces, serviceAccounts } from '../client/resources.ts'
import { type Controller, done, follow } from './controller.ts'
import { isNamespaceEnding } from './pod-control.ts'

export const serviceAccount: Controller = {
  name: 'service-account-controller',
  identity: {
    account: 'service-account-controller',
    rules: [rule('create', 'core', 'serviceaccounts'), recordEvents],
  },
  watches: namespaces,
  follows: [
    follow({
      resource: serviceAccounts,
      keys: ({ metadata: { name, namespace } }) => (name === 'default' && namespace ? [namespace] : []),
    }),
  ],
  begin({ informers, client }) {
    const cache = informers.full(namespaces)
    const accounts = informers.full(serviceAccounts)
    return async (key, signal) => {
      const namespace = cache.getByKey(key)
      if (namespace === undefined || namespace.status?.phase === 'Terminating' || namespace.metadata.deletionTimestamp !== undefined)
        return done
      // Clients that wait for the account before they create pods also wait for the namespace's limits.
      if (namespace.metadata.annotations?.[defaultsAnnotation] === 'pending') return done
      if (accounts.get(key, 'default') !== undefined) return done
      try {
        await client.create(serviceAccounts, key, { metadata: { name: 'default', namespace: key } }, signal)
      } catch (err) {
        if (!isReason(err, 'AlreadyExists') && !isNamespaceEnding(err)) throw err
      }
      return done
    }
  },
}
