import { testScreens } from './access.mjs';

testScreens('desk');
