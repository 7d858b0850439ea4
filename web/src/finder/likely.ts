// Whose a found animal may be.
import type { Owner } from "../api";

const LEAST = 0.05;

/** The owner who is answered first: a photo by night may look like nothing; the poster was read all the same. */
export function likelyOwners(owners: Owner[], about: string | null): Owner[] {
  const isAnswered = (owner: Owner) => owner.lost_id === about;
  return owners
    .filter((owner) => isAnswered(owner) || owner.degree >= LEAST)
    .sort((a, b) => Number(isAnswered(b)) - Number(isAnswered(a)));
}
