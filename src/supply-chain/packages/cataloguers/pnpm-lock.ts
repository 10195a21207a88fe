// What pnpm-lock.yaml declares: the keys of `packages`, each on a line of its own.
import type { Cataloguer } from '../cataloguer.ts'
import { maxJsonFileBytes } from '../json-file.ts'
import { npmPackage } from '../npm-package.ts'
import type { SoftwarePackage } from '../software-package.ts'

export const pnpmLock: Cataloguer = {
  name: 'pnpm-lock',
  finds: 'declared',
  wish: path => (/(?:^|\/)pnpm-lock\.yaml$/.test(path) && !path.includes('node_modules/') ? { maxBytes: maxJsonFileBytes } : undefined),
  read(path, content) {
    const packages: SoftwarePackage[] = []
    let isInside = false
    for (const line of content.toString('utf8').split('\n')) {
      if (/^[^\s#]/.test(line)) isInside = line.startsWith('packages:')
      else if (isInside && /^ {2}[^\s#]/.test(line) && line.trimEnd().endsWith(':')) {
        const found = packageOf(
          line
            .trim()
            .slice(0, -1)
            .replace(/^['"]|['"]$/g, ''),
          `/${path}`,
        )
        if (found !== undefined) packages.push(found)
      }
    }
    return { packages }
  },
}

/** `/a/1.0.0` (version 5), `/a@1.0.0(b@2)` (6) or `a@1.0.0` (9); peers follow in brackets or after `_`. */
function packageOf(key: string, location: string): SoftwarePackage | undefined {
  const [, older, olderVersion = ''] = /^\/((?:@[^/@]{1,214}\/)?[^/@]{1,214})\/(\d[^/]{0,512})$/.exec(key) ?? []
  if (older !== undefined) return npmPackage(older, olderVersion.split('_', 1)[0] ?? '', location)
  const [plain = ''] = key.replace(/^\//, '').split('(', 1)
  const at = plain.lastIndexOf('@')
  const version = plain.slice(at + 1)
  return at > 0 && /^\d/.test(version) ? npmPackage(plain.slice(0, at), version, location) : undefined
}
