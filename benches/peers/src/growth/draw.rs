//! Curves as one picture.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::Curve;
use crate::rounds::to_f64;

const SIZE: (u32, u32) = (960, 640);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Two by two, how many on a logarithmic axis and the cost from nothing up.
pub(super) fn svg(curves: &[Curve; 4]) -> String {
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        root.fill(&WHITE).expect("a picture");
        for (area, curve) in root.split_evenly((2, 2)).iter().zip(curves) {
            draw(area, curve);
        }
        root.present().expect("a picture");
    }
    text
}

fn draw(area: &Area<'_>, curve: &Curve) {
    let points: Vec<_> = curve.points.iter().map(|(x, y)| (to_f64(*x), *y)).collect();
    let (first, last) = (points.first(), points.last());
    let (from, to) = first.zip(last).map_or((1.0, 10.0), |(first, last)| (first.0, last.0));
    let most = points.iter().map(|point| point.1).fold(1.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption(curve.title, ("sans-serif", 24))
        .margin(12)
        .margin_right(40)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d((from..to).log_scale(), 0.0..most * 1.2)
        .expect("a chart");
    let mut mesh = chart.configure_mesh();
    mesh.light_line_style(TRANSPARENT).x_desc(curve.x).y_desc(curve.y).x_labels(6).y_labels(6);
    let whole = |value: &f64| format!("{value:.0}");
    mesh.label_style(("sans-serif", 16)).axis_desc_style(("sans-serif", 16));
    mesh.x_label_formatter(&whole).y_label_formatter(&whole).draw().expect("a mesh");
    chart.draw_series(LineSeries::new(points.iter().copied(), &BLUE)).expect("a line");
    let dots = points.iter().map(|point| Circle::new(*point, 3, BLUE.filled()));
    chart.draw_series(dots).expect("dots");
}
