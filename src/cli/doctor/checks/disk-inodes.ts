import { defineCheck, failure, ok, warning, worst } from '../check.ts'
import { type Place, places } from './disk-space.ts'

/** Below it the node evicts pods (nodefs.inodesFree). */
const lowShare = 0.05
/** A few pods need more. */
const leastInodes = 1000

export const diskInodes = defineCheck<readonly Place[]>({
  id: 'disk-inodes',
  group: 'Disk',
  title: 'free inodes',
  reads: 'the same file systems',
  read: places,
  evaluate(found) {
    const advice = (path: string) => `du -x --inodes --max-depth=2 ${path} | sort -n | tail`
    const verdicts = found.flatMap(({ what, path, space }) => {
      if (space === undefined || space.inodes === 0) return []
      const text = `${what}: ${space.freeInodes} of ${space.inodes} inodes free`
      if (space.freeInodes < leastInodes) return [failure(text, advice(path))]
      return [space.freeInodes < space.inodes * lowShare ? warning(`${text}: nodes evict pods`, advice(path)) : ok(text)]
    })
    return worst(verdicts, verdicts[0]?.detail ?? 'the file systems have no fixed number')
  },
})
