import { defineCheck, ok, warning } from '../check.ts'

interface Facts {
  readonly instances: string | undefined
  readonly watches: string | undefined
}

/** The kernel's defaults: 128 instances for each user are shared by containerd and all containers of that user. */
const enoughInstances = 128
const enoughWatches = 8192

export const inotify = defineCheck<Facts>({
  id: 'inotify',
  group: 'Limits',
  title: 'inotify',
  reads: '/proc/sys/fs/inotify/max_user_instances and max_user_watches',
  read: machine => ({
    instances: machine.text('/proc/sys/fs/inotify/max_user_instances'),
    watches: machine.text('/proc/sys/fs/inotify/max_user_watches'),
  }),
  evaluate({ instances, watches }) {
    const text = `${instances?.trim() ?? '?'} instances, ${watches?.trim() ?? '?'} watches for each user`
    if (Number(instances ?? 0) >= enoughInstances && Number(watches ?? 0) >= enoughWatches) return ok(text)
    return warning(
      `${text}: changed files are not noticed`,
      'sysctl -w fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=65536',
    )
  },
})
