// System call failures by number: Node has no code for an exceeded quota.
import { constants } from 'node:os'

export function failsBy(err: unknown, name: 'ENOSPC' | 'EDQUOT' | 'EIO' | 'EROFS'): boolean {
  return err instanceof Error && 'errno' in err && err.errno === -constants.errno[name]
}
