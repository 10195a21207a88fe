// A bound for each driver of what a controller does at a time: a driver that hangs in every call delays no other.
import { persistentVolumeClaims, persistentVolumes } from '../../client/resources.ts'
import { type Context, done, type Reconcile } from '../controller.ts'

/** For one driver. */
export const maxAtOnce = 5
/** Of a controller: so many drivers may hang. Waiting costs next to nothing. */
export const laneWorkers = 64 * maxAtOnce

interface Lane {
  /** Slots in use, those that are reserved for a woken key included. */
  used: number
  readonly waiting: Set<string>
}

/** `driverOf` a key as it is now; undefined if there is nothing to do for a driver. */
export function inDriverLanes({ enqueue }: Context, driverOf: (key: string) => string | undefined, reconcile: Reconcile): Reconcile {
  const lanes = new Map<string, Lane>()
  /** The driver whose slot is reserved for a key. */
  const reserved = new Map<string, string>()

  const release = (driver: string, lane: Lane): void => {
    const [next] = lane.waiting
    if (next === undefined) {
      if (--lane.used === 0) lanes.delete(driver)
      return
    }
    lane.waiting.delete(next)
    reserved.set(next, driver)
    enqueue(next)
  }

  return async (key, signal) => {
    const driver = driverOf(key)
    const mine = reserved.get(key)
    reserved.delete(key)
    const held = mine === undefined ? undefined : lanes.get(mine)
    if (mine !== undefined && held !== undefined && mine !== driver) release(mine, held)
    if (driver === undefined) return await reconcile(key, signal)
    const lane = lanes.get(driver) ?? { used: 0, waiting: new Set<string>() }
    if (mine !== driver) {
      if (lane.used >= maxAtOnce) {
        lane.waiting.add(key)
        return done
      }
      lane.used++
      lanes.set(driver, lane)
    }
    try {
      return await reconcile(key, signal)
    } finally {
      release(driver, lane)
    }
  }
}

/** The driver of the volume that a claim is bound to. */
export function driverOfClaim(informers: Context['informers'], key: string): string | undefined {
  const claim = informers.full(persistentVolumeClaims).getByKey(key)
  return informers.full(persistentVolumes).get('', claim?.spec.volumeName ?? '')?.spec.csi?.driver
}
