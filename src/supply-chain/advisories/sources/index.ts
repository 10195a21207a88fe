// Every source of advisories that can be imported.
import { alpine } from './alpine.ts'
import { debian } from './debian.ts'
import { epss } from './epss.ts'
import type { FeedFormat } from './feed-format.ts'
import { kev } from './kev.ts'
import { osv } from './osv.ts'
import { redhat } from './redhat.ts'
import { ubuntu } from './ubuntu.ts'
import { vex } from './vex.ts'

export const feedFormats: readonly FeedFormat[] = [osv, debian, alpine, redhat, ubuntu, epss, kev, vex]
