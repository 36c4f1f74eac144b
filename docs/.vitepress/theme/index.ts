// VitePress' own theme with the system's fonts: no page loads anything from elsewhere.
import DefaultTheme from 'vitepress/theme-without-fonts';
import './weir.css';

// VitePress takes a theme by its default export.
export default DefaultTheme;
