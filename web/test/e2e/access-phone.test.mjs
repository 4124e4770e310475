import { testScreens } from './access.mjs';

testScreens('phone');
