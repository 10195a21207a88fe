// Every cataloguer. A test compares the list with the folder.
import type { Cataloguer } from '../cataloguer.ts'
import { apk } from './apk.ts'
import { cargo } from './cargo.ts'
import { cargoLock } from './cargo-lock.ts'
import { composer } from './composer.ts'
import { composerLock } from './composer-lock.ts'
import { dpkg } from './dpkg.ts'
import { gem } from './gem.ts'
import { gemfileLock } from './gemfile-lock.ts'
import { goMod } from './go-mod.ts'
import { golang } from './golang.ts'
import { jar } from './jar.ts'
import { npm } from './npm.ts'
import { npmLock } from './npm-lock.ts'
import { pnpmLock } from './pnpm-lock.ts'
import { pypi } from './pypi.ts'
import { pythonLock } from './python-lock.ts'
import { rpm } from './rpm.ts'
import { yarnLock } from './yarn-lock.ts'

export const cataloguers: readonly Cataloguer[] = [
  dpkg,
  apk,
  rpm,
  npm,
  npmLock,
  yarnLock,
  pnpmLock,
  pypi,
  pythonLock,
  golang,
  goMod,
  jar,
  cargo,
  cargoLock,
  gem,
  gemfileLock,
  composer,
  composerLock,
]
