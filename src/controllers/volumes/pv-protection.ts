// Keeps a volume that is being deleted while a claim is bound to it.
import { recordEvents, rule } from '../../api/policy-rule.ts'
import { persistentVolumes } from '../../client/resources.ts'
import { type Controller, done } from '../controller.ts'
import { addFinalizer, hasFinalizer, removeFinalizer } from '../finalizer.ts'

export const pvProtectionFinalizer = 'kubernetes.io/pv-protection'

export const pvProtection: Controller = {
  name: 'pv-protection-controller',
  identity: {
    account: 'pv-protection-controller',
    rules: [rule('get list update watch', 'core', 'persistentvolumes'), recordEvents],
  },
  watches: persistentVolumes,
  begin(context) {
    const volumes = context.informers.full(persistentVolumes)
    return async (key, signal) => {
      const volume = volumes.getByKey(key)
      if (volume === undefined) return done
      const isProtected = hasFinalizer(volume, pvProtectionFinalizer)
      const ending = volume.metadata.deletionTimestamp !== undefined
      if (!ending && !isProtected) await addFinalizer(context, persistentVolumes, volume, pvProtectionFinalizer, signal)
      if (ending && isProtected && volume.status?.phase !== 'Bound')
        await removeFinalizer(context, persistentVolumes, volume, pvProtectionFinalizer, signal)
      return done
    }
  },
}
