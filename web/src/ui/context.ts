import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { readersLanguage, Words } from "../words";

export const WordsContext = createContext(new Words(readersLanguage()));

/** The reader's words. */
export function useWords(): Words {
  return useContext(WordsContext);
}
