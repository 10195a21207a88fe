import { missingPrograms } from '../../up/node-programs.ts'
import { defineCheck, failure, ok } from '../check.ts'

export const nodePrograms = defineCheck<ReturnType<typeof missingPrograms>>({
  id: 'node-programs',
  group: 'Programs',
  title: 'programs of a node',
  reads: 'where containerd, runc, CNI plug-ins, ip, nft, conntrack and busybox are',
  forNodes: true,
  read: machine => missingPrograms(path => machine.exists(path)),
  evaluate(missing) {
    if (missing.length === 0) return ok('all installed')
    return failure(
      `${missing.map(({ name }) => name).join(', ')} missing: containers cannot run`,
      `apt-get install ${missing.map(({ debianPackage }) => debianPackage).join(' ')}`,
    )
  },
})
